import { render } from "preact";

const root = document.getElementById("app");
if (root !== null) {
  root.replaceChildren();
  render(<main class="gate"><h1 class="gate-title">Theta</h1></main>, root);
}
