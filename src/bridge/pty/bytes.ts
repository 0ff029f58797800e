/** Names of telnet's bytes, as far as a server needs them. RFC 854 (commands), 1184 (EOF, SUSP, ABORT), 855 (options). */

export const EOF = 236;
export const SUSP = 237;
export const ABORT = 238;
export const SE = 240;
export const BRK = 243;
export const IP = 244;
export const AYT = 246;
export const EC = 247;
export const EL = 248;
export const SB = 250;
export const WILL = 251;
export const WONT = 252;
export const DO = 253;
export const DONT = 254;
export const IAC = 255;

export const NUL = 0;
export const LF = 10;
export const CR = 13;

/** RFC 857, 858, 1091, 1073. */
export const ECHO = 1;
export const SGA = 3;
export const TTYPE = 24;
export const NAWS = 31;
/** Of TTYPE's subnegotiations. */
export const IS = 0;
export const SEND = 1;
