import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** The WAI-ARIA tabs with activation by arrow keys. */
export function Tabs<Name extends string>(props: {
  label: string;
  tabs: readonly { readonly name: Name; readonly label: string; readonly badge?: number }[];
  active: Name;
  onChange: (name: Name) => void;
  children: ComponentChildren;
}) {
  const id = useId();
  const onKeyDown = (event: KeyboardEvent) => {
    const place = props.tabs.findIndex(({ name }) => name === props.active);
    const last = props.tabs.length - 1;
    const next = {
      ArrowRight: place === last ? 0 : place + 1,
      ArrowLeft: place === 0 ? last : place - 1,
      Home: 0,
      End: last,
    };
    const tab = props.tabs[next[event.key as keyof typeof next] ?? -1];
    if (tab === undefined) return;
    event.preventDefault();
    props.onChange(tab.name);
    document.getElementById(`${id}-${tab.name}`)?.focus();
  };
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={props.label} onKeyDown={onKeyDown}>
        {props.tabs.map(({ name, label, badge }) => (
          <button
            key={name}
            id={`${id}-${name}`}
            class="tab"
            role="tab"
            type="button"
            aria-selected={name === props.active}
            aria-controls={`${id}-panel`}
            tabIndex={name === props.active ? 0 : -1}
            onClick={() => props.onChange(name)}
          >
            {label}
            {badge === undefined || badge === 0 ? null : <span class="badge">{badge}</span>}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} class="tab-panel" role="tabpanel" aria-labelledby={`${id}-${props.active}`}>
        {props.children}
      </div>
    </div>
  );
}
