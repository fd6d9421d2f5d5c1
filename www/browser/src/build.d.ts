/** Public keys whose snapshots this page trusts, written in by the build: the server that holds the model cannot change them. */
declare const SELVEDGE_PUBLIC_KEYS: readonly string[];
