/** A cell as it travels: text, or a list of one-key objects, one for each element (docs/protocols.md 2). */
export type Cell = string | readonly Readonly<Record<string, string>>[];
/** One row; the order of its keys is the order of the columns. */
export type Row = Readonly<Record<string, Cell>>;

/** The inputs of a cell: equal ones give equal cells. */
export interface Subject {
  /** Of the row in its view, from 0. */
  readonly index: number;
  /** The view's; makes the values of two views differ. */
  readonly seed: number;
  /** When the data was collected, epoch milliseconds. */
  readonly at: number;
  /** The system (LPAR) that the row is of. */
  readonly system: string;
}

/** The systems that every service of the sandbox sees. */
export const systems: readonly string[] = ['SYSA', 'SYSB'];

/** A list cell of the given elements. */
export function list(...elements: readonly string[]): Cell {
  return elements.map((element, index) => ({ [String(index)]: element }));
}

/** One of the choices, the same one for the same row and salt. */
export function pick(subject: Subject, salt: number, choices: readonly string[]): string {
  return choices[hash(subject.seed, subject.index, salt) % choices.length] ?? '';
}

/** A whole number from `low` to `high`, fixed for the row. */
export function fixed(subject: Subject, salt: number, low: number, high: number): number {
  return low + (hash(subject.seed, subject.index, salt) % (high - low + 1));
}

/** A value between `low` and `high` that moves smoothly with time: minutes, not milliseconds, change it much. */
export function wave(subject: Subject, salt: number, low: number, high: number): number {
  const h = hash(subject.seed, subject.index, salt);
  const minutes = subject.at / 60_000;
  const slow = Math.sin(minutes / (3 + (h % 7)) + (h % 628) / 100);
  const fast = Math.sin(minutes * (2 + (h % 3)) + (h % 314) / 50);
  return low + (high - low) * (0.5 + 0.35 * slow + 0.15 * fast);
}

/** A counter that only grows, at `perMinute` on average, since a moment fixed for the row. */
export function counter(subject: Subject, salt: number, perMinute: number): number {
  const rate = (perMinute * (50 + (hash(subject.seed, subject.index, salt) % 100))) / 100;
  const ageMinutes = fixed(subject, salt + 1, 60, 30_000);
  const minuteOfWeek = (subject.at / 60_000) % (7 * 24 * 60);
  return Math.floor(rate * (ageMinutes + minuteOfWeek));
}

/** A number as the gateway writes it: a string with six decimals. */
export function decimal(value: number): string {
  return value.toFixed(6);
}

/** A size with its unit, as the gateway writes it: `12Mi`, `4Ki`. */
export function size(kibibytes: number): string {
  return kibibytes >= 1024 ? `${Math.round(kibibytes / 1024)}Mi` : `${Math.round(kibibytes)}Ki`;
}

/** A moment as the gateway writes it: `yyyy/mm/dd hh:mm:ss.ffffff` in the system's local time. */
export function localTime(epochMs: number): string {
  const local = epochMs - new Date(epochMs).getTimezoneOffset() * 60_000;
  return new Date(local).toISOString().replaceAll('-', '/').replace('T', ' ').replace('Z', '000');
}

/** A well-mixed whole number, 0 to 2³²-1, of three. */
export function hash(a: number, b: number, c: number): number {
  let h =
    Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^
    Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^
    Math.imul(c + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A number made of a text, by which the values of two views, or of two datasets, differ. */
export function seedOf(text: string): number {
  return [...text].reduce((sum, character) => hash(sum, character.charCodeAt(0), 7), 1);
}

/** One column of a view, and how its cell is made; a cell of `undefined` is left out of its row. */
export interface Column {
  /** The field's name on the wire. */
  readonly field: string;
  /** What people read above the column. */
  readonly label: string;
  /** Whether people see it only when they ask for it. */
  readonly hidden?: true;
  readonly cell: (subject: Subject) => Cell | undefined;
}

/** A view of a product: what `data` and `getData` answer from. */
export interface View {
  readonly product: string;
  readonly name: string;
  readonly title: string;
  /** How many rows it has in all systems together. */
  readonly total: number;
  readonly columns: readonly Column[];
}

export function column(field: string, label: string, cell: Column['cell']): Column {
  return { field, label, cell };
}

/** The same column, hidden at first. */
export function hidden(one: Column): Column {
  return { ...one, hidden: true };
}

/** How sorts name a column: `A` for the first one, `AA` after `Z`. */
export function idOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : idOf(Math.floor(index / 26) - 1) + letter;
}

export function tableView(
  ...[product, name, title, total, columns]: [string, string, string, number, readonly Column[]]
): View {
  return { product, name, title, total, columns };
}

/** The row of that index as it was at a moment (epoch milliseconds). */
export function rowOf({ name, columns }: View, index: number, at: number): Row {
  const subject = { index, seed: seedOf(name), at, system: systemOf(index) };
  const cells = columns.map(({ field, cell }) => [field, cell(subject)]);
  return Object.fromEntries(cells.filter(([, cell]) => cell !== undefined));
}

/** The system that a row is of: they take turns. */
export function systemOf(index: number): string {
  return systems[index % systems.length] ?? '';
}

const startedTasks = ['CICSPRD', 'DB2DBM', 'DB2MSTR', 'MQCHIN', 'TCPIP', 'JES2', 'OMVS', 'RMFGAT'];
const serviceClasses = ['STCHI', 'STCLO', 'BATCHMED', 'TSO', 'SYSSTC', 'CICSHI'];
const mounts = 'SYS1.ZFS.ROOT SYS1.ZFS.ETC SYS1.ZFS.VAR OMVS.ZFS.USERS OMVS.ZFS.TMP JAVA.ZFS.V21'.split(' ');
const jobs = ['CICSPRD', 'DB2DIST', 'MQCHIN', 'TN3270', 'FTPD1', 'HTTPD'];
const groups = ['SYSGRS', 'SYSMCS', 'DSNDB2P', 'IXCLO004', 'SYSWLM', 'CSQGMQP'];

/** The started task that a row is of, of the rows that have one; the others are batch jobs. */
const startedTask = ({ index }: Subject): string | undefined => startedTasks[index >> 1];

const jobName = column(
  'ASGNAME',
  'Jobname',
  (s) => startedTask(s) ?? `JOB${String(1000 + s.index).padStart(5, '0')}`,
);
const jobId = column('ASGJBID', 'JES Job Number', (s) => {
  const kind = startedTask(s) === undefined ? 'J' : 'S';
  return `${kind}${String(fixed(s, 90, 1, 9_999_999)).padStart(7, '0')}`;
});
/** The end of the interval that the row was measured in. */
const intervalEnd = column('JACT$INT', 'Interval Time', ({ at }) => list(localTime(at)));

/** A measured value in a list cell, as most numbers of these views come. */
function measured(field: string, label: string, salt: number, low: number, high: number): Column {
  return column(field, label, (s) => list(decimal(wave(s, salt, low, high))));
}

function plain(field: string, label: string, salt: number, low: number, high: number): Column {
  return column(field, label, (s) => decimal(wave(s, salt, low, high)));
}

function kib(field: string, label: string, salt: number, high: number): Column {
  return column(field, label, (s) => size(wave(s, salt, 4, high)));
}

/** The views of the products for the system, with the fields that public programs read (docs/protocols.md 2), and for the network. */
export const views: readonly View[] = [
  tableView('MVMVS', 'JCPU', 'Job CPU Activity', 48, [
    jobName,
    jobId,
    column('ASREYFLC', 'T', (s) => (startedTask(s) === undefined ? 'B' : 'S')),
    column('ASGCNMC', 'SrvClass', (s) => pick(s, 1, serviceClasses)),
    column('ASGRNMC', 'RptClass', (s) => `R${pick(s, 1, serviceClasses)}`.slice(0, 8)),
    column('ASGJSFLY', 'Step', (s) => pick(s, 2, ['STEP010', 'IEFPROC', 'SORT', 'GO'])),
    measured('ASICPSCA', 'All CPU Seconds', 3, 0, 58),
    measured('ASICPPAU', 'Unadj CPU Util %', 4, 0, 97),
    plain('ASIUCPP', 'Using CPU %', 5, 0, 80),
    plain('ASIWCPP', 'CPU Delay %', 6, 0, 35),
    measured('ASIDPAV', 'Average Priority', 7, 190, 255),
    measured('ASITCPC', 'TCB Time', 8, 0, 55),
    plain('ASISRBPC', 'SRB %', 9, 0, 20),
    column('ASGCPUT', 'Job Total CPU Time', (s) => list(decimal(counter(s, 10, 4)))),
    // Jobs that never ran on a zIIP have no such cell: rows of real views differ in their columns.
    column('ASGZIITC', 'zIIP Total CPU Time', (s) =>
      s.index % 3 === 0 ? list(decimal(counter(s, 12, 2))) : undefined,
    ),
    column('ASRERGRP', 'Resource Group', (s) => (s.index % 4 === 0 ? 'RGBATCH' : '')),
    intervalEnd,
  ]),
  tableView('MVMVS', 'JCSA', 'Common Storage by Job', 48, [
    { ...jobName, field: 'CDREJNAM' },
    { ...jobId, field: 'CDREJID' },
    hidden(column('CDREASID', 'ASID', (s) => (16 + s.index).toString(16).toUpperCase().padStart(4, '0'))),
    measured('CDRECSUP', 'CSA %', 1, 0, 12),
    measured('CDREECUP', 'ECSA %', 2, 0, 12),
    measured('CDRESQUP', 'SQA %', 3, 0, 12),
    measured('CDREESUP', 'ESQA %', 4, 0, 12),
    kib('CDRECSAU', 'CSA Used', 5, 900),
    kib('CDREECSU', 'ECSA Used', 6, 90_000),
    kib('CDRESQAU', 'SQA Used', 7, 300),
    kib('CDREESQU', 'ESQA Used', 8, 20_000),
    kib('CDRETU', 'Total Used', 9, 110_000),
    measured('CDRETUP', 'Total %', 10, 0, 12),
    intervalEnd,
  ]),
  tableView('MVMVS', 'XCFMBR', 'XCF Members', 24, [
    column('XDGSNAM', 'System', (s) => s.system),
    column('XDGGRP', 'Group', (s) => groups[(s.index >> 1) % groups.length] ?? ''),
    column('XDGMEM', 'Member', (s) => `${s.system}${String.fromCharCode(65 + (s.index >> 1))}`),
    column('XDDJNAM', 'Jobname', (s) => pick(s, 1, startedTasks)),
    measured('XDIRGTP', 'Receive Rate', 2, 0, 900),
    measured('XDISGTP', 'Send Rate', 3, 0, 900),
    column('XDIRCNT', 'Received', (s) => String(counter(s, 4, 120))),
    column('XDISCNT', 'Sent', (s) => String(counter(s, 6, 120))),
    column('XDGSTAC', 'Status', (s) => (s.index === 23 ? 'QUIESCED' : 'ACTIVE')),
  ]),
  tableView('MVMVS', 'JESPOOL', 'JES2 Spool Volumes', 4, [
    column('SCGID', 'Subsystem', () => 'JES2'),
    column('SCIJ2VOL', 'Volume', (s) => `SPL00${s.index + 1}`),
    measured('SCIUTI', 'Utilization %', 1, 20, 88),
    column('SCITKT', 'Track Groups', (s) => String(fixed(s, 2, 20, 40) * 500)),
    column('SCITKTU', 'Track Groups Used', (s) => String(Math.round(wave(s, 3, 2_000, 9_500)))),
  ]),
  tableView('MVMVS', 'ZFSFSZ', 'zFS File Systems', 18, [
    column('ZFFNAME', 'File System', ({ index }) => {
      const mount = mounts[index % mounts.length];
      return index < mounts.length ? `${mount}` : `${mount}.N${index}`;
    }),
    // One element for each system that has it mounted.
    column('ZSASYSN', 'Systems', (s) => (s.index % 3 === 0 ? list('SYSA', 'SYSB') : list(s.system))),
    column('ZFSOWNER', 'Owner', (s) => s.system),
    column('ZFCASIZE', 'Size', (s) => size(fixed(s, 1, 1, 4_000) * 256)),
    plain('ZFCAUPCT', 'Used %', 2, 5, 99),
    column('ZFSMNTS', 'Mount Mode', (s) => pick(s, 3, ['R/W', 'R/W', 'READ'])),
  ]),
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
