import type { RequestOption } from '../protocol.ts';

/** The options of a data request beside its view (docs/protocols.md 2b). */
export const options: readonly RequestOption[] = [
  {
    name: 'context',
    label: { template: 'Context' },
    meaning: { template: 'The systems or group of systems that the data are of; * for all' },
  },
  {
    name: 'server',
    label: { template: 'Server' },
    meaning: { template: 'The server (SSID) that collects the data; * for any' },
    isOffered: true,
  },
  {
    name: 'system',
    label: { template: 'System' },
    meaning: { template: 'The system (LPAR) that the data are of; * for all' },
    isOffered: true,
  },
  {
    name: 'scope',
    label: { template: 'Scope' },
    meaning: { template: 'A part of the context; * for all of it' },
  },
  {
    name: 'period',
    label: { template: 'Period' },
    meaning: { template: '* for now, * * PREV for the last interval, 2026/01/31 08:00:00 2h for a past one' },
  },
  {
    name: 'rows',
    label: { template: 'Rows' },
    meaning: { template: 'How many rows the gateway sends at most' },
    isNumber: true,
  },
  {
    name: 'sort',
    label: { template: 'Sort' },
    meaning: { template: 'Up to four columns that the gateway sorts by' },
    ofColumns: {
      max: 4,
      choices: [
        { value: 'A', label: { template: 'Ascending' } },
        { value: 'D', label: { template: 'Descending' } },
      ],
      term: ({ id, field }, order) => `${id ?? field}.${order}`,
      separator: '&',
    },
  },
  {
    name: 'filter',
    label: { template: 'Filter' },
    meaning: { template: 'What rows must have in a column; * stands for anything' },
    ofColumns: { max: 8, term: ({ field }, value) => `${field}=${value}`, separator: '&' },
  },
];
