import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { CopyText } from '../ui/Copy';
import { Snippet } from '../ui/Snippet';

/** A secret that was just made, this once. */
export function Secret({ value, note, onDone }: { value: string; note?: string; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" icon={<IconAlertTriangle />} title="This is the only time that the key is shown">
        Put it where your application keeps its secrets. Steward has only its hash and cannot show it again.
      </Alert>
      <Snippet text={value} label="The new key" />
      {note && <Text size="sm" c="dimmed">{note}</Text>}
      <Group justify="flex-end"><CopyText value={value} label="Copy the key" variant="filled" /><Button variant="default" onClick={onDone}>Done</Button></Group>
    </Stack>
  );
}
