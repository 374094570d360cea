/**
 * Preloaded into what the harness starts: ends the process when its parent is gone, even when the parent was
 * killed too hard to clean up. `process.ppid` changes the moment that happens.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) {
    process.exit(1);
  }
}, 1000).unref();
