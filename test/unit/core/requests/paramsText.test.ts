import { deepEqual, equal } from 'node:assert/strict';
import { paramsIn, paramsText } from '../../../../src/core/requests/paramsText.ts';

describe('parameters as text', () => {
  it('are read as they were written, lists too, and readable', () => {
    const params = { Series: ['FX/EURUSD;BateIndex=0,1', 'a&b=c+d%'], Filter: 'x y', 'odd=name&': 'ü' };
    const text = paramsText(params);
    equal(text, 'Series[]=FX/EURUSD;BateIndex=0,1&Series[]=a%26b=c%2Bd%25&Filter=x y&odd%3Dname%26=ü');
    deepEqual(paramsIn(text), params);
    deepEqual([paramsText({}), paramsIn('')], ['', {}]);
    equal(paramsText({ n: 5, yes: true }), 'n=5&yes=true');
  });

  it('are JSON where that cannot say them, and may be typed so', () => {
    const params = { Series: [{ Datasource: 'FX', Symbol: 'EURUSD' }], none: null, fill: { a: 1 } };
    deepEqual(paramsIn(paramsText(params)), params);
    deepEqual(paramsIn('{not JSON=1'), { '{not JSON': '1' });
  });
});
