// Asking the server: an answer, a refusal with its sentence, or Away when nothing comes in time.
export class Away extends Error {}
export class Refused extends Error {}

const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]").value;
const patience = () => 1000 * document.getElementById("kiosk").dataset.answer;

export async function ask(what, given, language) {
  let answer;
  try {
    answer = await fetch(`/lobby/kiosk/${what}`, {
      method: "POST", body: JSON.stringify({ ...given, language }), cache: "no-store", signal: AbortSignal.timeout(patience()),
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    });
    if (answer.status !== 200 && answer.status !== 409) throw new Away();
    const facts = await answer.json();
    if (answer.ok) return facts;
    throw new Refused(facts.sentence);
  } catch (error) {
    throw error instanceof Refused ? error : new Away();
  }
}
