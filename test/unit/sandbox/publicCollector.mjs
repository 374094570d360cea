// A collector of CRA's data as public ones are: it knows nothing of the sandbox but its address.
const [, , address, service, seconds] = process.argv;
const base = `${address}/cra/serviceGateway/services/${service}`;
const all = 'context=ALL&system=*&scope=*&server=*';
let token = '';
let logons = 0;

async function logOn() {
  const body = new URLSearchParams({ username: 'demo', password: 'demo' });
  const response = await fetch(`${base}/logon`, { method: 'POST', body });
  token = (await response.json()).userToken;
  logons++;
}

async function collect(product, view) {
  const url = `${base}/products/${product}/views/${view}/data?${all}&row=9999`;
  const ask = () => fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  let response = await ask();
  if (response.status === 401) {
    await logOn();
    response = await ask();
  }
  return (await response.json()).Rows;
}

const plain = (cell) => (typeof cell === 'string' ? cell : cell[0]['0']);

await logOn();
const jobs = await collect('MVMVS', 'JCPU');
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const stacks = await collect('MVIP', 'STACKS');
const cpu = jobs.every((row) => Number(plain(row.ASICPSCA)) >= 0);
console.log(
  JSON.stringify({ jobs: jobs.length, cpu, stacks: stacks.map((row) => plain(row.STKNAME)), logons }),
);
