// Plants a bug: from now on its file is loaded with the text replaced, in this process only.
import { registerHooks } from 'node:module';
import { bugs } from './bugs.ts';

/** Call before anything of the packages is loaded. Throws if there is no such bug, or its text is not there once. */
export function plant(name: string): void {
  const bug = bugs.find((each) => each.name === name);
  if (!bug) throw new Error(`there is no bug "${name}"`);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.endsWith(`/packages/${bug.file}`)) return loaded;
      const { source: given } = loaded;
      const source = typeof given === 'string' ? given : new TextDecoder().decode(given);
      if (source.split(bug.find).length !== 2)
        throw new Error(`${bug.file} has changed: the text of the bug "${name}" is not in it exactly once`);
      return { ...loaded, source: source.replace(bug.find, () => bug.replace) };
    },
  });
}
