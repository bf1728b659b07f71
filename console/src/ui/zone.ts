import { useLocalStorage } from '@mantine/hooks';
import type { Zone } from '../format/time';

/** The clock that the reader chose, and how to change it. */
export function useZone(): [Zone, (zone: Zone) => void] {
  const [zone, set] = useLocalStorage<Zone>({
    key: 'steward-zone',
    defaultValue: 'local',
    getInitialValueInEffect: false,
    deserialize: (text) => (text === '"utc"' ? 'utc' : 'local'),
  });
  return [zone, set];
}
