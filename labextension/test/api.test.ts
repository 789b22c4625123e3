import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api, Problem } from '../src/api';

interface IAsked {
  method: string;
  url: string;
  key: string | null;
  client: string | null;
  body: unknown;
}

describe('the API', () => {
  let asked: IAsked[];
  let answers: (() => Response | Promise<Response>)[];
  let api: Api;

  beforeEach(() => {
    vi.useFakeTimers();
    asked = [];
    answers = [];
    const fetch = async (request: RequestInfo): Promise<Response> => {
      const { method, url, headers } = request as Request;
      const text = await (request as Request).text();
      asked.push({
        method,
        url,
        key: headers.get('Idempotency-Key'),
        client: headers.get('X-Codex-Client'),
        body: text ? JSON.parse(text) : null
      });
      return answers.shift()!();
    };
    const baseUrl = 'http://localhost/user/me/';
    const wsUrl = 'ws://localhost/user/me/';
    api = new Api(ServerConnection.makeSettings({ baseUrl, wsUrl, token: '', fetch }));
  });
  afterEach(() => vi.useRealTimers());

  function json(body: object, status = 200): () => Response {
    return () => new Response(JSON.stringify(body), { status });
  }

  async function settled<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    return promise;
  }

  it('asks below the base URL and says who it is', async () => {
    answers.push(json({ turns: [], next: null }));
    await settled(api.turns({ ids: ['a', 'b'], state: ['live'] }));
    expect(asked[0].url).toContain(
      'http://localhost/user/me/codex-kernel/api/turns?ids=a%2Cb&state=live'
    );
    expect(asked[0].client).toBe('JupyterLab');
  });

  it('tells what is refused as a sentence, with what comes back', async () => {
    const problem = { message: 'It has ended.', next_step: 'Run a cell.', kind: 'TurnEnded' };
    answers.push(json({ ...problem, outcome: { text: 'shorter' } }, 410));
    expect(await settled(api.steer('t', 'shorter'))).toEqual({
      ok: false,
      message: 'It has ended.',
      nextStep: 'Run a cell.',
      outcome: { text: 'shorter' }
    });
  });

  it('sends a command whose answer was lost again, with the same key', async () => {
    answers.push(
      () => Promise.reject(new TypeError('Failed to fetch')),
      json({ command_id: 'c', done: true, outcome: { ok: true } })
    );
    expect(await settled(api.decide('q', { decision: 'once' }))).toMatchObject({ ok: true });
    expect(asked).toHaveLength(2);
    expect(asked[0].key).toBeTruthy();
    expect(asked[1].key).toBe(asked[0].key);
    expect(asked[1].body).toEqual({ decision: 'once' });
  });

  it('answers an operation again when it is not known whether it was heard', async () => {
    answers.push(
      () => Promise.reject(new TypeError('Failed to fetch')),
      json({ message: 'Answered.', next_step: '', kind: 'NotebookRefused' }, 409)
    );
    await settled(api.answerOperation('o', { result: {} }));
    expect(asked.map(each => each.body)).toEqual([{ result: {} }, { result: {} }]);
  });

  it('gives every command a key of its own', async () => {
    const done = json({ command_id: 'c', done: true, outcome: null });
    answers.push(done, done);
    await settled(api.interrupt('t'));
    await settled(api.interrupt('t'));
    expect(asked[0].key).not.toBe(asked[1].key);
  });

  it('waits for the outcome of what its owner has not done yet', async () => {
    answers.push(
      json({ command_id: 'c', done: false, outcome: null }, 202),
      json({ command_id: 'c', done: false, outcome: null }, 202),
      json({ command_id: 'c', done: true, outcome: { session_id: 's2' } })
    );
    const outcome = await settled(api.fork('s', {}));
    expect(outcome).toEqual({ ok: true, outcome: { session_id: 's2' } });
    expect(asked[2].url).toContain('/commands/c');
  });

  it('says when the server does not answer at all', async () => {
    const away = (): Promise<Response> => Promise.reject(new TypeError('Failed to fetch'));
    answers.push(away, away, away, away);
    expect(await settled(api.cancel('t'))).toMatchObject({ ok: false });
    await expect(settled(api.health())).rejects.toBeInstanceOf(Problem);
  });

  it('says that one may have to sign in when another page answers well', async () => {
    answers.push(() => new Response('<html>Sign in</html>', { status: 200 }));
    await expect(settled(api.turns({}))).rejects.toMatchObject({
      nextStep: 'Reload this page; you may have to sign in again.'
    });
    answers.push(() => new Response('<html>Sign in</html>', { status: 200 }));
    expect(await settled(api.steer('t', 'shorter'))).toMatchObject({ ok: false });
    expect(asked).toHaveLength(2);
  });

  it('counts an answer that breaks off as none', async () => {
    const broken = new ReadableStream({ start: stream => stream.error(new TypeError('cut')) });
    answers.push(() => new Response(broken, { status: 200 }));
    await expect(settled(api.health())).rejects.toMatchObject({ status: 0 });
  });

  it('is not fooled by a page of a proxy', async () => {
    answers.push(() => new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(settled(api.models())).rejects.toMatchObject({ status: 502 });
  });

  it('has the address of a socket', () => {
    expect(api.socketUrl('feed', { after: 3 })).toBe(
      'ws://localhost/user/me/codex-kernel/api/feed?after=3'
    );
    expect(api.socketUrl('feed', {})).toBe('ws://localhost/user/me/codex-kernel/api/feed');
  });
});
