import { Group, Progress, Text } from '@mantine/core';
import { formatPermille } from '../format/money';

/** A share as a bar and a figure. */
export function Share({ permille }: { permille: number }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress value={permille / 10} size={8} flex={1} aria-hidden styles={{ section: { minWidth: permille > 0 ? 2 : 0 } }} />
      <Text size="sm" w={52} ta="right">{formatPermille(permille)}</Text>
    </Group>
  );
}
