// A reader of CRA's data as those for Db2 are: it knows nothing of the sandbox but its address.
const [, , address, service] = process.argv;
const root = `${address}/cra/serviceGateway/services`;
const settings = { filter: null, sort: null, session: null };

async function logOn() {
  const response = await fetch(`${root}/${service}/login`, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ username: 'demo', password: 'demo' }),
  });
  const minutes = Number.parseInt(response.headers.get('Keep-Alive').split('=')[1], 10);
  return [(await response.json()).userToken, minutes];
}

async function read(token, product, view, close) {
  const all = 'context=*&server=*&system=*&scope=*&period==&startRow=1&rows=99999&refresh=Y';
  const { filter, sort, session } = settings;
  const url = `${root}/products/${product}/views/${view}/data?${all}&close=${close}&filter=${filter}&sort=${sort}&session=${session}`;
  return (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).json();
}

const [token, minutes] = await logOn();
const once = await read(token, 'MVMVS', 'JCPU', 'Y');
const first = await read(token, 'MVMVS', 'ZFSFSZ', 'N');
settings.session = first.session;
const last = await read(token, 'MVMVS', 'ZFSFSZ', 'Y');
console.log(
  JSON.stringify({
    minutes,
    rows: [once.numRows, once.Rows.length],
    rc: once.rc,
    view: [once.productName, once.viewName],
    once: 'session' in once,
    last: last.Rows.length === first.Rows.length,
  }),
);
