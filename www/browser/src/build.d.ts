/** Public keys whose snapshots this page trusts. The build inserts them, so the server that holds the model cannot change them. */
declare const SELVEDGE_PUBLIC_KEYS: readonly string[];
