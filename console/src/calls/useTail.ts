import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Schema } from '../api/http';
import { follow, type TailState } from '../api/tail';

interface Options {
  /** Follow at all. */
  enabled: boolean;
  /** Keep what comes in apart, and only count it. */
  paused: boolean;
  accept: (call: Schema<'Call'>) => boolean;
  /** How many to keep, the newest ones. */
  keep: number;
}

/** Calls that came in since the page opened, newest first. */
export interface Tail {
  calls: Schema<'Call'>[];
  /** How many wait because of the pause. */
  waiting: number;
  state: TailState;
}

/** Follows calls as they end. A pause loses none of them, but those over the bound. */
export function useTail({ enabled, paused, accept, keep }: Options): Tail {
  const [shown, setShown] = useState<Schema<'Call'>[]>([]);
  const [held, setHeld] = useState<Schema<'Call'>[]>([]);
  const [state, setState] = useState<TailState>('connecting');
  const queries = useQueryClient();
  const latest = useRef({ accept, paused });
  useEffect(() => { latest.current = { accept, paused }; });

  useEffect(() => {
    if (!enabled) return;
    let burst: Schema<'Call'>[] = [];
    let timer: number | undefined;
    const flush = () => {
      timer = undefined;
      const came = burst.reverse();
      burst = [];
      (latest.current.paused ? setHeld : setShown)((list) => [...came, ...list].slice(0, keep));
    };
    const stop = follow((call) => {
      if (!latest.current.accept(call)) return;
      burst.push(call);
      timer ??= window.setTimeout(flush, 150); // a busy stream draws the table a few times a second
    }, (next) => {
      setState(next);
      // What ended before the stream was open is in the list only.
      if (next === 'open') void queries.invalidateQueries({ queryKey: ['calls'] });
    });
    return () => {
      stop();
      window.clearTimeout(timer);
      setShown([]);
      setHeld([]);
    };
  }, [enabled, keep, queries]);

  if (!paused && held.length > 0) {
    setShown([...held, ...shown].slice(0, keep));
    setHeld([]);
  }
  return { calls: shown, waiting: held.length, state };
}
