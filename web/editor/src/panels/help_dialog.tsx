import { kActions } from "../actions/index.js";
import { labelOf, type ActionGroup } from "../actions/action.js";
import { shortcutText } from "../actions/shortcuts.js";
import { Dialog } from "../components/dialog.js";
import { useWorkspace } from "../workspace.js";

const kMouse: readonly (readonly [string, string])[] = [
  ["Click", "Choose; with Shift or Ctrl more than one"],
  ["Drag on empty space", "Choose by a box"],
  ["Drag with the middle button, or Alt and drag", "Turn the view"],
  ["The same with Shift", "Shift the view"],
  ["Wheel, or pinch", "Zoom"],
  ["Drag a coloured handle", "Move, rotate or scale along it; type a number meanwhile"],
  ["Two fingers", "Shift and zoom; one finger turns"],
  ["Drag sideways on a number", "Change it; with Shift finely, with Ctrl coarsely"],
  ["Type into a number", "Arithmetic and units: 2*(1.5+3), 30cm, 2 ft, pi/2 rad"],
];

/** Every key of the table of actions, and what the pointer does. */
export default function HelpDialog({ onClose }: { onClose: () => void }) {
  const workspace = useWorkspace();
  const groups = new Map<ActionGroup, { label: string; keys: string[] }[]>();
  for (const action of kActions) {
    if (action.shortcuts === undefined) continue;
    const rows = groups.get(action.group) ?? [];
    rows.push({ label: labelOf(action, workspace), keys: action.shortcuts.map(shortcutText) });
    groups.set(action.group, rows);
  }
  return (
    <Dialog title="Keys and gestures" size="large" readable onClose={onClose}>
      <div class="help-columns">
        {[...groups].map(([group, rows]) => (
          <section key={group} class="help-group">
            <h3 class="list-title">{group}</h3>
            <dl class="keys">
              {rows.map(({ label, keys }) => (
                <div key={label} class="key-row">
                  <dt>{label}</dt>
                  <dd>
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section class="help-group help-wide">
          <h3 class="list-title">Mouse, pen and fingers</h3>
          <dl class="keys">
            {kMouse.map(([what, does]) => (
              <div key={what} class="key-row">
                <dt>{what}</dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
