// The overview page: reads /health and /optimizations every few seconds and shows them.
// Names of files and hosts may be hostile, so everything goes in as text, never as markup.

const EVERY_MS = 4000;

const at = (id) => document.getElementById(id);

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  return `${(count / 2 ** (10 * step)).toFixed(step ? 1 : 0)} ${units[step]}`;
}

function card(title, value, detail) {
  const made = element("div", title, "card");
  made.append(element("b", value), element("span", detail));
  return made;
}

function pressure(system, resource) {
  const some = system.pressure?.[`${resource}_some_avg10_percent`];
  if (some === undefined || some === null) return "pressure unknown";
  return some < 1 ? `${some.toFixed(1)} % of the time stalled: nothing to gain` : `${some.toFixed(1)} % of the time stalled`;
}

function row(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function showSystem(system) {
  at("cards").replaceChildren(
    card("CPU", `${system.cpu_percent.toFixed(0)} %`, pressure(system, "cpu")),
    card("Memory", `${system.memory_percent.toFixed(0)} %`, pressure(system, "memory")),
    card("I/O", pressure(system, "io").split(" of")[0], "of the time stalled, over 10 s"),
  );
  at("disks").replaceChildren(...system.disks.map((disk) => {
    const meter = element("meter");
    Object.assign(meter, { min: 0, max: 100, high: 90, value: disk.percent });
    meter.setAttribute("aria-label", `${disk.percent.toFixed(0)} % used`);
    const used = element("td");
    used.append(meter);
    return row(element("td", disk.mountpoint), used, element("td", bytes(disk.free_bytes), "number"),
      element("td", bytes(disk.total_bytes), "number"));
  }));
}

function showHealth(health) {
  at("services").replaceChildren(...Object.entries(health.dependencies)
    .map(([name, state]) => element("li", `${name}: ${state}`, state)));
  at("warnings").replaceChildren(...health.warnings.map((text) => element("li", text)));
  if (health.system) showSystem(health.system);
}

function showJobs(jobs) {
  at("jobs").replaceChildren(...jobs.map((job) => row(
    element("td", job.kind), element("td", job.host), element("td", job.status, job.status),
    element("td", new Date(job.created_at).toLocaleString()))));
}

async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok && !body.dependencies) throw new Error(body.detail);
  return body;
}

async function refresh() {
  try {
    showHealth(await read("/health"));
    showJobs((await read("/optimizations?limit=15")).optimizations);
    at("notice").textContent = "";
  } catch (problem) {
    at("notice").textContent = problem.message;
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
