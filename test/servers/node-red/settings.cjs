const { join } = require('node:path');

const { modules, port, folder, lifeSeconds, username, password } = JSON.parse(process.env.NODE_RED ?? '{}');
const { hashSync } = require(join(modules, 'bcryptjs'));

module.exports = {
  uiHost: '127.0.0.1',
  uiPort: port,
  userDir: folder,
  flowFile: 'flows.json',
  credentialSecret: 'x',
  disableEditor: true,
  telemetry: { enabled: false },
  logging: { console: { level: 'warn' } },
  adminAuth: {
    type: 'credentials',
    sessionExpiryTime: lifeSeconds,
    users: [{ username, password: hashSync(password, 8), permissions: '*' }],
  },
};
