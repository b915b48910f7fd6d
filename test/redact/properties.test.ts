import test from 'node:test';
import { check, properties } from './properties.ts';

const RUNS = 600;

for (const property of properties) {
  test(property.name, () => check(property, RUNS));
}
