import type { Message } from '../../errors.ts';

/** A data endpoint as it is documented (docs/protocols.md 1.3). */
interface Endpoint {
  readonly name: string;
  /** What it was called before. */
  readonly older?: string;
  /** Whether it takes POST beside GET. */
  readonly posts?: true;
  /** One API call of the account's quota for each so many datasets; absent where it costs none. */
  readonly datasetsPerCall?: number;
  /** Whether its answer has a row for each dataset: else the request says how many there are. */
  readonly lists?: true;
}

/** The endpoints that are offered, the most used first. */
export const endpoints: readonly Endpoint[] = [
  { name: 'GetValuesRC', older: 'GetDatasetValuesRC', posts: true, datasetsPerCall: 1 },
  { name: 'GetValues', older: 'GetDatasetValues', posts: true, datasetsPerCall: 1 },
  { name: 'GetValuesForDate', posts: true, datasetsPerCall: 10 },
  { name: 'GetSeriesCorrections', posts: true, datasetsPerCall: 10 },
  { name: 'GetDatasets', datasetsPerCall: 100, lists: true },
  { name: 'GetSelectedDatasets', posts: true, datasetsPerCall: 100 },
  { name: 'GetUserDatasources' },
  { name: 'GetAllDatasources' },
  { name: 'GetDatasource' },
  { name: 'GetUserFavorites' },
  { name: 'GetAccountDetails', older: 'GetMyAccountDetails' },
];

/** The endpoints that handle tokens; their answers hold some, so they are no data. */
export const tokenEndpoints = new Set([
  'getsessiontoken',
  'querysessiontoken',
  'renewsessiontoken',
  'revokesessiontoken',
]);

/** The endpoint of a name; undefined for one that is not known here, which may be there all the same. */
export function findEndpoint(name: string): Endpoint | undefined {
  return endpoints.find((one) => one.name === name || one.older === name);
}

/** What an endpoint costs, in the documentation's words. */
export function priceOf({ datasetsPerCall }: Endpoint): Message {
  return datasetsPerCall === undefined
    ? { template: 'no API calls' }
    : datasetsPerCall === 1
      ? { template: '1 API call for each dataset' }
      : { template: '1 API call for each {0} datasets', args: [datasetsPerCall] };
}

/** Whether an endpoint may change something: the names of all that only read begin with `Get` or `Query`. */
export function mayChange(name: string): boolean {
  return !/^(?:Get|Query)[A-Z]/.test(name);
}
