// The field to sign in: the pen's way becomes path data in the form. Without script a signature is taken on paper.

const canvas = document.querySelector("[data-sign]");
const field = canvas?.closest("form").elements.signature;
const pen = canvas?.getContext("2d");
let drawing = false;

function at(event) {
  const box = canvas.getBoundingClientRect();
  const inside = (value, size) => Math.max(0, Math.min(size, Math.round(value)));
  return [inside(((event.clientX - box.left) / box.width) * canvas.width, canvas.width),
    inside(((event.clientY - box.top) / box.height) * canvas.height, canvas.height)];
}

function draw(kind, event) {
  const [x, y] = at(event);
  field.value += `${kind}${x},${y}`;
  kind === "M" ? pen.moveTo(x, y) : pen.lineTo(x, y);
  pen.stroke();
}

function again() {
  field.value = "";
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.beginPath();
}

if (canvas) {
  pen.lineWidth = 3;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = getComputedStyle(canvas).color;
  canvas.addEventListener("pointerdown", (event) => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    draw("M", event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => drawing && draw("L", event));
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { drawing = false; });
  document.querySelector("[data-sign-again]").addEventListener("click", again);
}
