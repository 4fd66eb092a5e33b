import { testAttack } from "../attack/run_attack.ts";
import { whepForgeryAttack } from "../attack/whep_forgery_attack.ts";

testAttack(whepForgeryAttack);
