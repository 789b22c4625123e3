/** Cells as they are told to an agent: nbformat, with outputs cut to what was asked for. */

import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { ICell, IOutput } from '@jupyterlab/nbformat';

import type { IBounds } from '../api';
import type { Json } from '../contracts';

export type CellState = 'idle' | 'queued' | 'running';

/** The cell with its id, its place and whether it runs. */
export function shownCell(
  model: ICellModel,
  index: number,
  state: CellState,
  bounds: IBounds
): { [field: string]: Json } {
  const cell = model.toJSON() as ICell;
  const outputs = model.type === 'code' ? { outputs: shownOutputs(model, bounds) } : {};
  return { ...cell, id: model.sharedModel.getId(), ...outputs, index, state } as {
    [field: string]: Json;
  };
}

function shownOutputs(model: ICellModel, bounds: IBounds): Json[] {
  const all = (model as ICodeCellModel).outputs.toJSON();
  return all.map(output => shownOutput(output, bounds)) as Json[];
}

function shownOutput(output: IOutput, { max_chars, mime_types }: IBounds): IOutput {
  const found = output as { [field: string]: unknown };
  const cut = (value: unknown): unknown => bounded(value, max_chars);
  if (output.output_type === 'stream') {
    return { ...output, text: cut(found.text) } as IOutput;
  }
  if (output.output_type === 'error') {
    const traceback = [cut((found.traceback as string[]).join('\n'))];
    return { ...output, evalue: cut(found.evalue), traceback } as IOutput;
  }
  const data = Object.entries((found.data as object | undefined) ?? {})
    .filter(([type]) => mime_types.includes(type))
    .map(([type, value]) => [type, type.startsWith('image/') ? value : cut(value)]);
  return { ...output, data: Object.fromEntries(data), metadata: {} } as IOutput;
}

/** Text of at most so many characters: the middle of a longer one is left out, and that is said. */
export function bounded(value: unknown, limit: number): unknown {
  const text = Array.isArray(value) ? value.join('') : value;
  if (typeof text !== 'string' || text.length <= limit) {
    return text;
  }
  const half = Math.floor(limit / 2);
  const [first, last] = [text.slice(0, limit - half), text.slice(text.length - half)];
  return `${first}\n… ${text.length - limit} characters left out …\n${last}`;
}
