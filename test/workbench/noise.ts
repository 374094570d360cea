/**
 * What the workbench says about itself in every run, on the same channel as the tests' console: connections,
 * the native modules that are not there, the gallery that cannot be reached. It would bury the tests' words.
 */
const noise = [
  /^(Resolving|Resolved) connection token /,
  /^Creating a socket /,
  /^\[(reconnection|remote-connection|AgentHost|ChatModelSelection|AccountPolicyGate|Service Worker|RemoteAgentHost)/,
  /^Updating additional builtin extensions cache/,
  /^Error: Could not locate the bindings file\./,
  /^(Error: )?Cannot find module '\.\/build\/Release\/watchdog'/,
  /^getaddrinfo \w+ open-vsx\.org/,
  /^Canceled: Canceled/,
];

export function isNoise(text: string): boolean {
  return noise.some((pattern) => pattern.test(text));
}
