import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Emitter } from '../../../src/core/event.ts';
import { demo, Rig } from './tokens/rig.ts';

const fail = () => {
  throw new Error('a mistake');
};

describe('events', () => {
  it('everybody hears, and whoever is told of faults hears of each', async () => {
    const faults: string[] = [];
    const emitter = new Emitter<number>((error) => faults.push(String(error)));
    const heard: number[] = [];
    emitter.event(fail);
    emitter.event(async () => fail());
    emitter.event((value) => heard.push(value));
    emitter.fire(1);
    await turn();
    assert.deepEqual(heard, [1]);
    assert.deepEqual(faults, ['Error: a mistake', 'Error: a mistake']);
  });

  it('without anybody to tell, the fault comes out when everybody has heard', () => {
    const emitter = new Emitter<number>();
    const heard: number[] = [];
    emitter.event(fail);
    emitter.event((value) => heard.push(value));
    assert.throws(() => emitter.fire(1), /a mistake/);
    assert.deepEqual(heard, [1]);
  });

  it('a listener of tokens that throws costs no sign-in, no data and no token, and the log says so', async () => {
    const rig = new Rig();
    const window = await rig.open('w');
    const heard: string[] = [];
    window.keeper.onDidChange(fail);
    window.keeper.onDidChange(async () => fail());
    window.keeper.onDidChange(({ what }) => heard.push(what));
    const { id } = await window.keeper.signIn('cra', { login: demo });
    const { session } = await rig.getData(window);
    await window.keeper.keepAlive(id);
    await window.keeper.flush();
    assert.deepEqual([...rig.storage.entries.keys()], [id, session?.id]);
    await window.keeper.close(session?.id ?? '');
    assert.deepEqual([...rig.storage.entries.keys()], [id]);
    assert.ok(heard.includes('added') && heard.includes('changed') && heard.includes('removed'));
    assert.ok(window.lines.some((line) => line.includes('a mistake')));
    assert.ok(window.lines.every((line) => !line.includes('-secret-')));
    rig.end();
  });

  it('a listener that throws does not end automatic renewal', async () => {
    const rig = new Rig({ keepAlive: 'auto' });
    rig.maxIdleMs = 10_000;
    const window = await rig.open('w');
    window.keeper.onDidEndRenewal(fail);
    const ends: string[] = [];
    window.keeper.onDidEndRenewal(({ why }) => ends.push(why));
    await window.keeper.signIn('cra', { login: demo });
    await rig.pass(120_000, 1_000);
    assert.deepEqual(ends, ['unused']);
    assert.ok(window.lines.some((line) => line.includes('a mistake')));
    rig.end();
  });
});
