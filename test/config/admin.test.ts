import t from 'tap';
import { adminRemarks } from '../../src/config/admin.js';

t.test('an API that others can reach is remarked on, for it speaks no TLS', async (t) => {
  for (const listen of [null, { path: '/run/admin.sock' }]) t.same(adminRemarks(listen), []);
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) t.same(adminRemarks({ host, port: 4080 }), [], host);
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'game.example', '127.0.0.1.example'])
    t.match(adminRemarks({ host, port: 4080 }), [new RegExp(`^ADMIN_LISTEN: ${host} is not loopback, and no TLS`)], host);
});
