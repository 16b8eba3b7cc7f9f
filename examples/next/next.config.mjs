/** The page's address ends with a slash: its own files stand beside it. Next would take the slash off, and the handler puts it back. */
export default { skipTrailingSlashRedirect: true }
