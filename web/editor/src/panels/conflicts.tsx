import { Button } from "../components/button.js";
import { Icon } from "../components/icon.js";
import { useWorkspace, type PendingConflict } from "../workspace.js";
import { conflictText } from "./conflict_text.js";

/** More than these are counted rather than listed. */
const kShownMax = 4;

/** Own edits that lost against somebody else's, each with its two answers. Not modal: work goes on meanwhile. */
export function Conflicts() {
  const workspace = useWorkspace();
  const pending = workspace.conflicts.value;
  if (pending.length === 0) return null;
  const discardAll = () => (workspace.conflicts.value = []);
  return (
    <section class="conflicts" role="alertdialog" aria-modal="false" aria-label="Conflicts" aria-live="assertive">
      <header class="conflicts-head">
        <Icon name="warning" />
        <h2>
          {pending.length === 1 ? "One of your edits was overtaken" : `${pending.length} of your edits were overtaken`}
        </h2>
        {pending.length > 1 ? (
          <Button kind="quiet" onClick={discardAll}>
            Discard all
          </Button>
        ) : null}
      </header>
      <ul>
        {pending.slice(0, kShownMax).map((each) => (
          <Conflict key={each.number} pending={each} />
        ))}
      </ul>
      {pending.length > kShownMax ? <p class="hint">{`and ${pending.length - kShownMax} more`}</p> : null}
    </section>
  );
}

function Conflict({ pending: { number, conflict } }: { pending: PendingConflict }) {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const redo = () => {
    workspace.settleConflict(number);
    void editor.perform("Redo on top", (step) => step.give(editor.room.submitAgain(conflict)));
  };
  const entity = conflict.outcome.blocker?.entity;
  return (
    <li class="conflict">
      <p>{conflictText(editor, conflict)}</p>
      <details class="hint">
        <summary>In the words of the log</summary>
        {conflict.text}
      </details>
      <div class="conflict-answers">
        <Button kind="primary" onClick={redo}>
          Redo on top
        </Button>
        <Button onClick={() => workspace.settleConflict(number)}>Discard</Button>
        {entity === undefined || editor.scene.value.get(entity) === undefined ? null : (
          <Button
            kind="quiet"
            icon="frame"
            onClick={() => {
              editor.selection.value = [entity];
              editor.viewport.value?.frame([entity]);
            }}
          >
            Show
          </Button>
        )}
      </div>
    </li>
  );
}
