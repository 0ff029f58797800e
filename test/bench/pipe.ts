/**
 * The bar: the least that a proxy written in Node must do. Every byte is piped both ways, half-close is carried over, nothing is looked at.
 * Usage: node dist/test/bench/pipe.js PORT UPSTREAM_PORT
 */
import { connect, createServer } from 'node:net';

const [port, upstream] = process.argv.slice(2).map(Number);

createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const server = connect({ port: upstream ?? 0, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  client.pipe(server).pipe(client);
}).listen(port, '127.0.0.1', () => console.log(`ready ${port}`));
