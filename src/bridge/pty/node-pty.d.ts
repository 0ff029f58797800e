/**
 * What we use of node-pty 1.1.0's inside. Its class `UnixTerminal` will not do: it closes the terminal 200 ms after the program has ended, though what
 * the program said last is still unread, and where a program does not read it tries to write again and again without a pause.
 */
declare module 'node-pty/lib/utils.js' {
  export interface Native {
    /** forkpty(3) and execvp(3). The terminal's master (`fd`) does not block; -1 for uid and gid: as we are. Throws where there is no process or terminal. */
    fork(
      file: string,
      args: readonly string[],
      environment: readonly string[],
      cwd: string,
      columns: number,
      rows: number,
      uid: number,
      gid: number,
      utf8: boolean,
      helperPath: string,
      onExit: (status: number, signal: number) => void,
    ): { readonly fd: number; readonly pid: number; readonly pty: string };
    resize(fd: number, columns: number, rows: number): void;
  }

  export function loadNativeModule(name: 'pty'): { readonly dir: string; readonly module: Native };
}
