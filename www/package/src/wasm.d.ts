/** The address of the Wasm file, as a bundler's file or URL loader gives it. */
declare const address: string;
export default address;
