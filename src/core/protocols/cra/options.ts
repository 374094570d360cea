import type { RequestOption } from '../protocol.ts';

/** What can be said of a data request beside its view (docs/protocols.md 2b). */
export const options: readonly RequestOption[] = [
  {
    name: 'context',
    label: { template: 'Context', args: [] },
    meaning: { template: 'The systems or group of systems that the data are of; * for all', args: [] },
  },
  {
    name: 'server',
    label: { template: 'Server', args: [] },
    meaning: { template: 'The server (SSID) that collects the data; * for any', args: [] },
    isOffered: true,
  },
  {
    name: 'system',
    label: { template: 'System', args: [] },
    meaning: { template: 'The system (LPAR) that the data are of; * for all', args: [] },
    isOffered: true,
  },
  {
    name: 'scope',
    label: { template: 'Scope', args: [] },
    meaning: { template: 'A part of the context; * for all of it', args: [] },
  },
  {
    name: 'period',
    label: { template: 'Period', args: [] },
    meaning: {
      template: '* for now, * * PREV for the last interval, 2026/01/31 08:00:00 2h for a past one',
      args: [],
    },
  },
  {
    name: 'rows',
    label: { template: 'Rows', args: [] },
    meaning: { template: 'How many rows the gateway sends at most', args: [] },
    isNumber: true,
  },
  {
    name: 'sort',
    label: { template: 'Sort', args: [] },
    meaning: { template: 'Up to four columns that the gateway sorts by', args: [] },
    ofColumns: {
      max: 4,
      choices: [
        { value: 'A', label: { template: 'Ascending', args: [] } },
        { value: 'D', label: { template: 'Descending', args: [] } },
      ],
      term: ({ id, field }, order) => `${id ?? field}.${order}`,
      separator: '&',
    },
  },
  {
    name: 'filter',
    label: { template: 'Filter', args: [] },
    meaning: { template: 'What rows must have in a column; * stands for anything', args: [] },
    ofColumns: { max: 8, term: ({ field }, value) => `${field}=${value}`, separator: '&' },
  },
];
