/** All that the configuration needs of Node; its whole declarations would be one more package to install. */
declare const process: { readonly env: Readonly<Record<string, string | undefined>> };
