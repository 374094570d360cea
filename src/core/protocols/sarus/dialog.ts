import type { Message } from '../../errors.ts';
import type { Row } from '../answer.ts';
import type { Choice, RequestDialog } from '../protocol.ts';
import { endpoints, findEndpoint, mayChange, priceOf } from './endpoints.ts';

/** Endpoints whose rows are by date, of which a person chooses the period. */
const byDate = ['GetValuesRC', 'GetValues'];

const frequencies: readonly { readonly value: string | undefined; readonly label: Message }[] = [
  { value: undefined, label: { template: 'As it is kept' } },
  { value: 'd', label: { template: 'Every day' } },
  { value: 'w', label: { template: 'Every week' } },
  { value: 'm', label: { template: 'Every month' } },
  { value: 'q', label: { template: 'Every quarter' } },
  { value: 'hy', label: { template: 'Every half year' } },
  { value: 'y', label: { template: 'Every year' } },
];

const periods: readonly (readonly [years: number, label: Message])[] = [
  [1, { template: 'The last year' }],
  [5, { template: 'The last {0} years', args: [5] }],
  [20, { template: 'The last {0} years', args: [20] }],
];

const listPrice = findEndpoint('GetDatasets');

/** How a person asks for data, and finds the series that they mean. */
export const dialog: RequestDialog = {
  target: [{ name: 'endpoint', prompt: { template: 'Endpoint: choose one or type its name' } }],
  usual: () => endpoints.map((endpoint) => ({ name: endpoint.name, description: priceOf(endpoint) })),
  mayChange,
  finder: {
    targets: endpoints.filter(({ posts }) => posts).map(({ name }) => name),
    list: 'Series',
    groups: {
      query: { endpoint: 'GetUserDatasources' },
      prompt: { template: 'Datasource' },
      choice: (row) => choiceIn(row, 'Datasource', 'Description'),
    },
    items: {
      query: (group, text, page) => ({
        endpoint: 'GetDatasets',
        params: {
          Datasource: group,
          ...(text === '' ? {} : { Filter: text }),
          ...(page > 1 ? { Page: page } : {}),
        },
      }),
      prompt: { template: 'Name or symbol of a series, or a part of it' },
      choice: (row, group) => {
        const found = choiceIn(row, 'Symbol', 'Name');
        return found && { ...found, value: `${group}/${found.value}` };
      },
      ...(listPrice === undefined ? {} : { price: priceOf(listPrice) }),
    },
    further: (target, now) =>
      byDate.includes(target)
        ? [
            {
              prompt: { template: 'Period: choose one or type the day that it begins, YYYY-MM-DD' },
              name: 'StartDate',
              choices: [
                ...periods.map(([years, label]) => ({ label, value: yearsBefore(now, years) })),
                { label: { template: 'All there is' }, value: 'Earliest' },
              ],
            },
            {
              prompt: { template: 'Frequency' },
              name: 'Frequency',
              choices: frequencies,
            },
          ]
        : [],
  },
};

/** A row as something to choose, by the members that hold its value and its name; undefined where it has no value. */
function choiceIn(row: Row, valueName: string, labelName: string): Choice | undefined {
  const value = row[valueName] ?? row.Name;
  const label = row[labelName];
  return typeof value === 'string' && value !== ''
    ? { value, label: typeof label === 'string' && label !== '' ? label : value }
    : undefined;
}

function yearsBefore(now: Date, years: number): string {
  const day = new Date(now);
  day.setUTCFullYear(day.getUTCFullYear() - years);
  return day.toISOString().slice(0, 10);
}
