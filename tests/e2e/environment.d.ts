/** The few declarations of Node that the configuration needs, without installing a package with all of them. */
declare const process: { readonly env: Readonly<Record<string, string | undefined>> };
