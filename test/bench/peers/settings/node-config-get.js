import config from 'config'

/** A `get` of node-config over the bench's files; `NODE_CONFIG_DIR` has to be set before this is imported. */
export const get = (path) => config.get(path)
