// The house rules that a linter can hold, as an oxlint plugin. One file a rule, tested in rules.test.ts.
import { noBarrel } from './no-barrel.ts';
import { noFixedSleep } from './no-fixed-sleep.ts';
import { noModuleState } from './no-module-state.ts';
import { openingComment } from './opening-comment.ts';

const plugin = {
  meta: { name: 'longshore' },
  rules: {
    'no-barrel': noBarrel,
    'no-fixed-sleep': noFixedSleep,
    'no-module-state': noModuleState,
    'opening-comment': openingComment,
  },
};

// oxlint loads a plugin by its default export.
export default plugin;
