import '@mantine/core/styles.css';
import '@mantine/spotlight/styles.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/http';
import { makeRouter } from './router';
import { sessionQuery } from './session/visit';
import { theme, variables } from './theme';

// Wherever a session has ended, the page asks to sign in and then goes on where it was.
function onError(error: Error): void {
  if (error instanceof Problem && error.status === 401 && queries.getQueryData(sessionQuery.queryKey)?.signed_in) {
    queries.setQueryData(sessionQuery.queryKey, { signed_in: false, expires: '' });
  }
}

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (count, error) => count < 1 && !(error instanceof Problem && error.status >= 400 && error.status < 500) },
  },
});

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <RouterProvider router={makeRouter()} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
