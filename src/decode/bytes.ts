/** Names of the bytes of telnet. RFC 854 (commands), 885 (EOR), 855 (options); option numbers from the IANA registry and the MUD protocols' pages. */

export const SE = 240;
export const IP = 244;
export const EC = 247;
export const EL = 248;
export const GA = 249;
export const SB = 250;
export const WILL = 251;
export const WONT = 252;
export const DO = 253;
export const DONT = 254;
export const IAC = 255;
/** RFC 885: end of record, the other prompt mark. */
export const EOR = 239;
/** Lowest byte that is a command behind IAC: RFC 1184 gives 236 to 238 (EOF, SUSP, ABORT). */
export const FIRST_COMMAND = 236;

/** RFC 2946. */
export const OPTION_ENCRYPT = 38;
/** draft-altman-telnet-starttls. */
export const OPTION_START_TLS = 46;
/** MUD Client Compression Protocol, versions 1, 2 (server to client) and 3 (client to server). */
export const OPTION_COMPRESS = 85;
export const OPTION_COMPRESS2 = 86;
export const OPTION_COMPRESS3 = 87;

/** RFC 857. */
export const OPTION_ECHO = 1;
/** RFC 1091. */
export const OPTION_TTYPE = 24;
/** RFC 1073. */
export const OPTION_NAWS = 31;
/** RFC 1184. */
export const OPTION_LINEMODE = 34;
/** RFC 2941. */
export const OPTION_AUTHENTICATION = 37;
/** RFC 1408 and RFC 1572. */
export const OPTION_ENVIRON = 36;
export const OPTION_NEW_ENVIRON = 39;
/** RFC 2066. */
export const OPTION_CHARSET = 42;
/** RFC 2217. */
export const OPTION_COM_PORT = 44;
/** tintin.mudhalla.net/protocols: MSDP, MSSP. */
export const OPTION_MSDP = 69;
export const OPTION_MSSP = 70;
/** MUD Sound Protocol and MUD eXtension Protocol (zuggsoft.com): only whether they are on; their tags stand in the text. */
export const OPTION_MSP = 90;
export const OPTION_MXP = 91;
/** Zenith MUD Protocol. */
export const OPTION_ZMP = 93;
/** Achaea Telnet Client Protocol, and its heir the Generic MUD Communication Protocol. */
export const OPTION_ATCP = 200;
export const OPTION_GMCP = 201;
