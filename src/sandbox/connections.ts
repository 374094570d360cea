/** The connections to a sandbox at an address, each with the login of its public user. */
export function connectionsTo(
  url: string,
  service: string,
): { settings: Record<string, string> & { name: string }; login: Record<string, string> }[] {
  return [
    {
      settings: { name: 'sandbox-cra', kind: 'bmc-cra', url, service },
      login: { username: 'demo', password: 'demo' },
    },
    { settings: { name: 'sandbox-sarus', kind: 'sarus', url }, login: { apiKey: 'demo' } },
  ];
}
