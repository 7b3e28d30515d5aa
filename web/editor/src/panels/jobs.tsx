import { IconButton } from "../components/button.js";
import { useWorkspace } from "../workspace.js";

/** What takes long, each with its progress and a way to stop it. */
export function Jobs() {
  const { jobs } = useWorkspace();
  if (jobs.value.length === 0) return null;
  return (
    <ul class="jobs" aria-label="Under way">
      {jobs.value.map(({ number, title, fraction, what, cancel }) => (
        <li key={number} class="job">
          <div class="job-text">
            <strong>{title}</strong>
            <span class="hint">{what}</span>
          </div>
          <progress max={1} value={fraction} aria-label={title} />
          <IconButton icon="close" label={`Cancel: ${title}`} onClick={cancel} />
        </li>
      ))}
    </ul>
  );
}
