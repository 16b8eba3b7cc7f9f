import { loadConfig } from 'c12'

export async function load(folder) {
  let config = {}
  for (const configFile of ['settings.toml', 'settings.prod.toml', '.secrets.toml']) {
    const loaded = await loadConfig({
      cwd: folder,
      configFile,
      defaults: config,
      rcFile: false,
      packageJson: false,
      envName: false,
      dotenv: false,
    })
    config = loaded.config
  }
  return config
}

if (process.env.SETTINGS_FOLDER !== undefined) {
  const config = await load(process.env.SETTINGS_FOLDER)
  if (config.KEY_0 !== 900) throw new Error('wrong value')
}
