/** The Wasm, gzip, base64. The build writes `dist/embedded.js`; `init()` loads it only where it is called without a source. */
declare const gzip: string;
export default gzip;
