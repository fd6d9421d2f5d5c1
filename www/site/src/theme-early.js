// Runs before the first paint, so that a page in the chosen colours never flashes in the others.
try {
  const theme = localStorage.getItem("selvedge-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's colours are used.
}
