import config from 'config'

if (config.get('KEY_0') !== 900) throw new Error('wrong value')
