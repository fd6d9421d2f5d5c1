export async function buildBrowserPage() {}
