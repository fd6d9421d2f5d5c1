/** The URL of the Wasm file, as returned by a bundler's file or URL loader. */
declare const address: string;
export default address;
