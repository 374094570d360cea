import { makePackage, vsix } from './package.ts';

/* npm run package: packages what is in dist/ now. */
await makePackage();
console.log(vsix);
