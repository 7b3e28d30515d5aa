// Checks GLB files with Khronos' gltf-validator (npm), which shares no code with Theta:
//   NODE_PATH=<folder with node_modules> node validate_glb.cjs FILE…
// Prints a line of JSON a file; exits with 1 when any has an error.
'use strict';
const fs = require('fs');
const validator = require('gltf-validator');

async function check(file) {
  const bytes = new Uint8Array(fs.readFileSync(file));
  // Without a bound: the validator stops at one, also when all that it has found are remarks.
  const {issues, info} = await validator.validateBytes(bytes, {maxIssues: 0, format: 'glb'});
  const {numErrors, numWarnings, messages} = issues;
  const problems = messages
    .filter((message) => message.severity <= 1)
    .map((message) => `${message.code} ${message.pointer}: ${message.message}`);
  console.log(JSON.stringify({
    file, errors: numErrors, warnings: numWarnings, problems, triangles: info ? info.totalTriangleCount : 0,
  }));
  return numErrors;
}

(async () => {
  let problems = 0;
  for (const file of process.argv.slice(2)) problems += await check(file);
  process.exit(problems > 0 ? 1 : 0);
})();
