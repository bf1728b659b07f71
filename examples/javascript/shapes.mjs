// What the examples' tool wants to know, and what their structured answer holds.
import { z } from 'zod';

export const Place = z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) });

export const Person = z.object({ name: z.string(), age: z.number().int().min(0).max(120), tags: z.array(z.string()) });
