import { counter, decimal, fixed, list, localTime, pick, wave } from './cells.ts';
import { column, hidden, tableView, type View } from './view.ts';

const jobs = ['CICSPRD', 'DB2DIST', 'MQCHIN', 'TN3270', 'FTPD1', 'HTTPD'];

/** The views of the network product. */
export const mvipViews: readonly View[] = [
  tableView('MVIP', 'STACKS', 'TCP/IP Stacks', 4, [
    column('STKNAME', 'Stack', (s) => (s.index < 2 ? 'TCPIP' : 'TCPIPB')),
    column('STKSYSN', 'System', (s) => s.system),
    column('STKSTAT', 'Status', () => 'ACTIVE'),
    column('STKADDR', 'Home Addresses', (s) => list(`10.1.${s.index}.1`, `10.2.${s.index}.1`)),
    column('STKCONN', 'Connections', (s) => String(Math.round(wave(s, 1, 80, 900)))),
    column('STKBYTI', 'Bytes In', (s) => `${counter(s, 2, 9)}Mi`),
    column('STKBYTO', 'Bytes Out', (s) => `${counter(s, 4, 7)}Mi`),
  ]),
  tableView('MVIP', 'TCPCONS', 'TCP Connections', 250, [
    column('TCNJOBN', 'Jobname', (s) => pick(s, 1, jobs)),
    column('TCNLADR', 'Local Address', (s) => `10.1.${s.index % 2}.1`),
    column('TCNLPRT', 'Local Port', (s) => pick(s, 2, ['23', '446', '1414', '3000', '21', '443'])),
    column('TCNRADR', 'Remote Address', (s) => `192.0.2.${fixed(s, 3, 1, 254)}`),
    column('TCNRPRT', 'Remote Port', (s) => String(fixed(s, 4, 1024, 65_535))),
    column('TCNSTAT', 'State', (s) => pick(s, 5, ['ESTAB', 'ESTAB', 'ESTAB', 'TIMEWAIT', 'LISTEN'])),
    column('TCNRTT', 'Round Trip ms', (s) => list(decimal(wave(s, 6, 0.2, 40)))),
    hidden(column('TCNLACT', 'Last Activity', (s) => localTime(s.at - fixed(s, 7, 0, 90_000)))),
  ]),
  tableView('MVIP', 'VTAMCSA', 'VTAM Common Storage', 2, [
    column('VTCSYSN', 'System', (s) => s.system),
    column('VTCCURR', 'CSA Current', (s) => `${Math.round(wave(s, 1, 900, 4_000))}Ki`),
    column('VTCMAXU', 'CSA Maximum Used', () => '5Mi'),
    column('VTCPCTU', 'Used %', (s) => decimal(wave(s, 2, 18, 76))),
  ]),
];
