import { useSignal } from "@preact/signals";
import { nameOf } from "../actions/action.js";
import { IconButton } from "../components/button.js";
import { present } from "../transforms.js";
import { useWorkspace } from "../workspace.js";
import { Section, type SectionProps } from "./inspector_section.js";

/** Words to find things by. Adding and removing merge with what others do at the same time. */
export function TagsSection({ chosen, disabled }: SectionProps) {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const text = useSignal("");
  const counts = new Map<string, number>();
  for (const { tags } of chosen) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const ids = chosen.map(({ id }) => id);
  const change = (label: string, values: { add?: readonly string[]; remove?: readonly string[] }) =>
    void editor.perform(`${label} ${nameOf(workspace, ids)}`, (step) =>
      step.submit({ command: "change_tags", targets: present(step.scene, ids), ...values }),
    );
  const add = () => {
    const tags = text.value
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== "");
    text.value = "";
    if (tags.length > 0) change(`Tag`, { add: tags });
  };
  return (
    <Section title="Tags" icon="tag">
      {counts.size === 0 ? null : (
        <ul class="tags">
          {[...counts].sort().map(([tag, count]) => (
            <li key={tag} class={`tag ${count < chosen.length ? "tag-some" : ""}`}>
              <span>{tag}</span>
              {disabled ? null : (
                <IconButton
                  icon="close"
                  label={`Remove tag ${tag}`}
                  onClick={() => change("Untag", { remove: [tag] })}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {disabled ? null : (
        <input
          class="text-input"
          type="text"
          aria-label="Add tags, separated by commas"
          placeholder="Add tags"
          value={text.value}
          maxLength={200}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Enter") add();
          }}
          onBlur={add}
        />
      )}
    </Section>
  );
}
