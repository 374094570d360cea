// The same client as publicClient.py, for machines without Python.
const [base] = process.argv.slice(2);
const renewLimit = 1_000_000;

async function call(endpoint, params = [], body = undefined) {
  const init = body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  const response = await fetch(`${base}/${endpoint}?${new URLSearchParams(params)}`, init);
  const answer = await response.json();
  if (!response.ok) {
    throw [response.status, ...answer.Errors.map(({ Status }) => Status)];
  }
  return answer.Result;
}

const refused = (...args) =>
  call(...args).then(
    () => [],
    (statuses) => statuses,
  );

let { SessionToken } = await call('GetSessionToken', { APIKey: 'demo', Minutes: 15 });
if ((await call('QuerySessionToken', { SessionToken })).Remaining < renewLimit) {
  ({ SessionToken } = await call('RenewSessionToken', { SessionToken }));
}
const [{ Datasource }] = await call('GetUserDatasources', { SessionToken });
const page = await call('GetDatasets', { SessionToken, Datasource, Page: 2 });
const symbols = page.Datasets.slice(0, 2).map((dataset) => dataset.Symbol);
const Series = symbols.map((one) => ({ Datasource, Symbol: one, BateIndex: [0, 3] }));
const period = { SessionToken, StartDate: '2020-01-01', EndDate: '2020-12-31', Frequency: 'm' };
const values = (await call('GetValues', [], { ...period, Series })).Series;
const table = await call('GetValuesRC', [], { ...period, 'Series[]': Series });
const listed = symbols.map((one) => ['Series[]', `${Datasource}/${one};BateIndex=0,3`]);
const byGet = (await call('GetValues', [...Object.entries(period), ...listed])).Series;

console.log(
  JSON.stringify({
    pages: page.Metadata.PagesCount,
    bates: values.map((one) => one.Metadata.Bates),
    dates: values.map((one) => Object.keys(one.Values).sort().at(-1)),
    same: JSON.stringify(values) === JSON.stringify(byGet),
    columns: table.Columns.map(({ Bate }) => Bate),
    joined: Object.entries(table.Rows).every(
      ([date, row]) => String(row) === String(values.flatMap((one) => one.Values[date])),
    ),
    key: (await call('GetAccountDetails', { SessionToken })).APIKey,
    refused: [
      await refused('QuerySessionToken', { SessionToken: 'x' }),
      await refused('GetValues', { SessionToken }),
    ],
    revoked: (await call('RevokeSessionToken', { SessionToken })).Status,
    expired: await refused('GetValues', { SessionToken }),
  }),
);
