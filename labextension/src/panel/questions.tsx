/**
 * Questions of all notebooks that wait for the user. They are drawn by the same code as in the
 * cell, and only from what the feed of this server says.
 */

import * as React from 'react';

import type { IOpenQuestion } from '../api';
import type { IEntry } from '../contracts';
import { questionId } from '../feed';
import { createQuestion } from '../view/question';
import { Place, Section } from './parts';
import type { IPanel } from './tools';

export function Questions({ panel }: { panel: IPanel }): React.ReactElement | null {
  const { questions } = panel.overview;
  const { trans } = panel.codex;
  if (questions.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('Waiting for you')} count={questions.length} isLive>
      <ul className="jp-CodexPanel-list" aria-label={trans.__('Questions of Codex')}>
        {questions.map(question => (
          <Question key={questionId(question.event)} panel={panel} question={question} />
        ))}
      </ul>
    </Section>
  );
}

interface IQuestionProps {
  panel: IPanel;
  question: IOpenQuestion;
}

function Question({ panel, question }: IQuestionProps): React.ReactElement {
  const place = React.useRef<HTMLDivElement>(null);
  const { codex } = panel;
  React.useEffect(() => {
    let isWanted = true;
    void entryOf(panel, question).then(({ entry, item, cwd }) => {
      const host = codex.host({ path: question.path, cellId: question.cell_id });
      const about = {
        cwd: () => cwd,
        item: (id: string) => (item?.id === id ? item : undefined)
      };
      const view = isWanted ? createQuestion(entry, host, about) : null;
      place.current?.replaceChildren(...(view ? [view.node] : []));
    });
    return () => void (isWanted = false);
    // A question never changes: it is open until it is gone.
  }, [questionId(question.event)]);
  return (
    <li className="jp-CodexPanel-question" data-question={questionId(question.event)}>
      <div className="jp-CodexPanel-about">
        <Place
          path={question.path}
          fallback={codex.trans.__('Outside of this server')}
          onOpen={() => void panel.goTo(question.path, question.cell_id)}
        />
      </div>
      <div className="jp-Codex" ref={place} />
    </li>
  );
}

/** The question as a view draws it, with the item that it is about. */
async function entryOf(
  { codex }: IPanel,
  { event, turn_id }: IOpenQuestion
): Promise<{ entry: IEntry; item: IEntry | null; cwd: string | null }> {
  const asked = event.approval ?? event.input;
  const type = event.approval ? 'approval' : 'input';
  const entry: IEntry = { ...asked, type, status: 'waiting' };
  if (entry.kind !== 'file_change' || entry.changes) {
    return { entry, item: null, cwd: null };
  }
  // What is to be changed stands in the item.
  const found = await codex.api.turn(turn_id).catch(() => null);
  const items: IEntry[] = found?.transcript.items ?? [];
  const item = items.find(each => each.id === entry.item_id) ?? null;
  const cwd = found?.transcript.settings?.cwd;
  return { entry, item, cwd: typeof cwd === 'string' ? cwd : null };
}
