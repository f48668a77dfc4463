// Where the server keeps the page's files.

/** The address of a static file: it stands beside the icon, which the server names with its version. */
export function assetUrl(path) {
  const icon = document.querySelector("link[rel=icon]").dataset.plain;
  return new URL(path, new URL(icon, location.href)).href;
}
